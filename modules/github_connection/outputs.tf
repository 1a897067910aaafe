output "installation_state" {
  description = "State of the connection: stage, message, and action_uri, the page for the next manual step."
  value       = google_cloudbuildv2_connection.connection.installation_state
}

output "repositories" {
  description = "Full names of the repositories in Cloud Build, by owner/name."
  value       = { for name, repository in google_cloudbuildv2_repository.repositories : name => repository.id }
}
