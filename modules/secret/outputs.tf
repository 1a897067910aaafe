output "id" {
  description = "Full name of the secret, such as projects/my-project/secrets/wandb-api-key, once its members may use it."
  value       = google_secret_manager_secret.secret.id
  depends_on  = [google_secret_manager_secret_iam_binding.roles]
}

output "name" {
  description = "Name of the secret, once its members may use it."
  value       = google_secret_manager_secret.secret.secret_id
  depends_on  = [google_secret_manager_secret_iam_binding.roles]
}
