output "members" {
  description = "Persona of each member, once all of them have their roles."
  value       = { for email, member in var.members : email => member.role }
  depends_on = [
    google_artifact_registry_repository_iam_member.repositories,
    google_project_iam_member.project,
    google_secret_manager_secret_iam_member.secrets,
    google_service_account_iam_member.identities,
    google_storage_bucket_iam_member.buckets,
  ]
}
