resource "google_secret_manager_secret_iam_member" "named" {
  project   = "team-project"
  secret_id = "wandb-api-key"
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:trainer@team-project.iam.gserviceaccount.com"
}
