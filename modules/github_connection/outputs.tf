output "installation_state" {
  description = "How far the connection is: stage, message, and in action_uri the page where a human goes on."
  value       = google_cloudbuildv2_connection.connection.installation_state
}

output "repositories" {
  description = "Full name of each repository at Cloud Build, by owner/name."
  value       = { for name, repository in google_cloudbuildv2_repository.repositories : name => repository.id }
}
