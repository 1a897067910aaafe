data "google_iam_policy" "none" {}

data "google_iam_policy" "bucket" {
  binding {
    role    = "roles/storage.objectViewer"
    members = ["user:Alice@example.com"]
  }

  binding {
    role    = "roles/storage.admin"
    members = ["user:owner@example.com"]
  }
}

# A project keeps an owner: its policy cannot be destroyed.
removed {
  from = google_project_iam_policy.project
  lifecycle {
    destroy = false
  }
}

resource "google_storage_bucket" "open" {
  name     = "example-open-bucket"
  location = "EU"

  uniform_bucket_level_access = true
}

resource "google_storage_bucket_iam_policy" "open" {
  bucket      = google_storage_bucket.open.name
  policy_data = data.google_iam_policy.bucket.policy_data
}

resource "google_secret_manager_secret" "token" {
  secret_id = "token"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_policy" "token" {
  secret_id = google_secret_manager_secret.token.id
  policy_data = jsonencode({
    bindings = [{ role = "roles/secretmanager.secretAccessor", members = ["user:alice@example.com", "user:bob@example.com"] }]
  })
}

resource "google_service_account" "runner" {
  account_id = "runner-account"
}

resource "google_service_account_iam_policy" "runner" {
  service_account_id = google_service_account.runner.name
  policy_data = jsonencode({
    bindings = [{ role = "roles/iam.serviceAccountTokenCreator", members = ["user:alice@example.com"] }]
  })
}

resource "google_artifact_registry_repository" "images" {
  repository_id = "images"
  format        = "DOCKER"
}

resource "google_artifact_registry_repository_iam_policy" "images" {
  repository = google_artifact_registry_repository.images.name
  policy_data = jsonencode({
    bindings = [{ role = "roles/artifactregistry.reader", members = ["user:alice@example.com"] }]
  })
}

resource "google_pubsub_topic" "news" {
  name = "news"
}

resource "google_pubsub_topic_iam_policy" "news" {
  topic       = google_pubsub_topic.news.name
  policy_data = data.google_iam_policy.none.policy_data
}

resource "google_pubsub_subscription" "news" {
  name  = "news"
  topic = google_pubsub_topic.news.id
}

resource "google_pubsub_subscription_iam_policy" "news" {
  subscription = google_pubsub_subscription.news.name
  policy_data = jsonencode({
    bindings = [{ role = "roles/pubsub.subscriber", members = ["user:${google_service_account.runner.account_id}@example.com"] }]
  })
}

resource "google_cloud_run_v2_service" "api" {
  name                = "api"
  location            = "europe-west1"
  deletion_protection = false
  template {
    containers {
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
    }
  }
}

resource "google_cloud_run_v2_service_iam_policy" "api" {
  name     = google_cloud_run_v2_service.api.name
  location = "europe-west1"
  policy_data = jsonencode({
    bindings = [{ role = "roles/run.invoker", members = ["allUsers"] }]
  })
}

resource "google_cloud_run_v2_job" "nightly" {
  name                = "nightly"
  location            = "europe-west1"
  deletion_protection = false
  template {
    template {
      containers {
        image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
      }
    }
  }
}

resource "google_cloud_run_v2_job_iam_policy" "nightly" {
  name = google_cloud_run_v2_job.nightly.name
  policy_data = jsonencode({
    bindings = [{ role = "roles/run.invoker", members = ["user:alice@example.com"] }]
  })
}
