resource "google_artifact_registry_repository" "r" {
  location      = "us-central1"
  repository_id = "images"
  format        = "DOCKER"
  labels        = { a = "b" }
  cleanup_policies {
    id     = "untagged"
    action = "DELETE"
    condition {
      tag_state = "UNTAGGED"
    }
  }
}
resource "google_cloudbuild_trigger" "r" {
  name = "t"
  github {
    owner = "o"
    name  = "n"
    push {
      branch = "main"
    }
  }
  filename = "cloudbuild.yaml"
}
resource "google_cloud_run_v2_job" "r" {
  name                = "j"
  location            = "europe-west1"
  deletion_protection = false
  annotations         = { x = "y" }
  template {
    template {
      containers {
        image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
      }
    }
  }
}
resource "google_cloud_run_v2_service" "r" {
  name                = "s"
  location            = "europe-west1"
  deletion_protection = false
  labels              = { x = "y" }
  template {
    containers {
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
      env {
        name  = "A"
        value = "b"
      }
    }
  }
}
resource "google_compute_disk" "r" {
  name   = "d"
  zone   = "europe-west1-b"
  size   = 10
  labels = { x = "y" }
}
resource "google_iam_workload_identity_pool" "r" {
  workload_identity_pool_id = "ours-pool"
}
resource "google_iam_workload_identity_pool_provider" "r" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.r.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }
  oidc {
    issuer_uri = "https://issuer.example.com"
  }
}
resource "google_pubsub_topic" "r" {
  name   = "topic"
  labels = { x = "y" }
}
resource "google_pubsub_subscription" "r" {
  name  = "sub"
  topic = google_pubsub_topic.r.id
  push_config {
    push_endpoint = "https://example.com/push"
  }
}
resource "google_secret_manager_secret" "r" {
  secret_id = "secret"
  replication {
    auto {}
  }
  labels = { x = "y" }
}
resource "google_storage_bucket" "r" {
  name     = "groundwork-example-data"
  location = "eu"
  labels   = { x = "y" }
  lifecycle_rule {
    condition {
      age = 3
    }
    action {
      type = "Delete"
    }
  }
}
resource "google_service_account" "r" {
  account_id   = "account"
  display_name = "Shown"
}
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
