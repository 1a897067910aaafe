output "iam" {
  description = "What the iam of other modules takes, members by role: for every one of the buckets, jobs, repositories, secrets and services, and for each of the identities."
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
  description = "Persona of each member, once all of them have their role in the project."
  value       = { for email, member in var.members : email => member.role }
  depends_on  = [google_project_iam_binding.personas]
}

output "personas" {
  description = "The personas as personas.json has them; what `project` holds are the permissions of the persona's own role in the project."
  value       = local.personas
}
