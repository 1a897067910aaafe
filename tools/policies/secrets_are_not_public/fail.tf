resource "google_secret_manager_secret_iam_member" "anybody_with_an_account" {
  project   = "team-project"
  secret_id = "wandb-api-key"
  role      = "roles/secretmanager.secretAccessor"
  member    = "allAuthenticatedUsers"
}

resource "google_secret_manager_secret_iam_binding" "everybody" {
  project   = "team-project"
  secret_id = "wandb-api-key"
  role      = "roles/secretmanager.secretAccessor"
  members   = ["allUsers"]
}
