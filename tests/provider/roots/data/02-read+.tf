data "google_artifact_registry_repository" "d" {
  location      = "us-central1"
  repository_id = "images"
}
data "google_cloudbuild_trigger" "d" {
  location   = "global"
  trigger_id = google_cloudbuild_trigger.r.trigger_id
}
data "google_cloud_run_v2_job" "d" {
  name     = google_cloud_run_v2_job.r.name
  location = "europe-west1"
}
data "google_cloud_run_v2_service" "d" {
  name     = google_cloud_run_v2_service.r.name
  location = "europe-west1"
  project  = "groundwork-example"
}
data "google_compute_disk" "d" {
  name = "d"
  zone = "europe-west1-b"
}
data "google_iam_workload_identity_pool" "d" {
  workload_identity_pool_id = "ours-pool"
}
data "google_iam_workload_identity_pool_provider" "d" {
  workload_identity_pool_id          = "ours-pool"
  workload_identity_pool_provider_id = "github"
}
data "google_project_service" "d" {
  service = "run.googleapis.com"
}
data "google_pubsub_topic" "d" {
  name = "topic"
}
data "google_pubsub_subscription" "d" {
  name = "sub"
}
data "google_secret_manager_secret" "d" {
  secret_id = "secret"
}
data "google_storage_bucket" "d" {
  name = "groundwork-example-data"
}
output "image" {
  value = data.google_cloud_run_v2_service.d.template[0].containers[0].image
}
data "google_service_account" "d" {
  account_id = google_service_account.r.account_id
}
data "google_service_account" "e" {
  account_id = google_service_account.r.email
  project    = "groundwork-example"
}
data "google_compute_default_service_account" "d" {
}
data "google_compute_image" "d" {
  family  = "debian-12"
  project = "debian-cloud"
}
data "google_compute_image" "f" {
  filter      = "family = debian-12"
  project     = "debian-cloud"
  most_recent = true
}
