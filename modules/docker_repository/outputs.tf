output "id" {
  description = "Full name of the repository, such as projects/my-project/locations/europe-west1/repositories/images, once its members may use it."
  value       = google_artifact_registry_repository.repository.id
  depends_on  = [google_artifact_registry_repository_iam_binding.roles]
}

output "name" {
  description = "Name of the repository, once its members may use it."
  value       = google_artifact_registry_repository.repository.repository_id
  depends_on  = [google_artifact_registry_repository_iam_binding.roles]
}

output "url" {
  description = "Prefix of its images' names, such as europe-west1-docker.pkg.dev/my-project/images."
  value       = "${var.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.repository.repository_id}"
  depends_on  = [google_artifact_registry_repository_iam_binding.roles]
}
