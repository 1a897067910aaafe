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
