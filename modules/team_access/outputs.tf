output "iam" {
  description = "Members by role for the iam of other modules: for all buckets, functions, jobs, repositories, secrets, services and workstations, and for each identity."
  value = {
    buckets      = local.granted.buckets
    functions    = local.granted.functions
    identities   = local.on_identities
    jobs         = local.granted.jobs
    repositories = local.granted.repositories
    secrets      = local.granted.secrets
    services     = local.granted.services
    workstations = local.granted.workstations
  }
}

output "members" {
  description = "Persona of each member, once all have their role in the project."
  value       = { for email, member in var.members : email => member.role }
  depends_on  = [google_project_iam_binding.personas]
}

output "personas" {
  description = "The personas in personas.json; `project` lists the permissions of the persona's custom role."
  value       = local.personas
}
