output "iam" {
  description = "Members by role for the iam of other modules: for all buckets, jobs, repositories, secrets and services, and for each identity."
  value = {
    buckets      = local.granted.buckets
    identities   = local.on_identities
    jobs         = local.granted.jobs
    repositories = local.granted.repositories
    secrets      = local.granted.secrets
    services     = local.granted.services
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
