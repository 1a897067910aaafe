data "google_iam_policy" "project" {
  binding {
    role    = "roles/viewer"
    members = ["user:bob@example.com", "user:alice@example.com"]
  }

  binding {
    role    = "roles/owner"
    members = ["user:owner@example.com"]
  }

  binding {
    role    = "roles/viewer"
    members = ["user:carol@example.com", "user:erin@example.com"]
  }

  binding {
    role    = "roles/logging.viewer"
    members = ["user:dave@example.com"]
    condition {
      title       = "until <2099> & not after"
      expression  = "request.time < timestamp(\"2099-01-01T00:00:00Z\")"
      description = "For a while."
    }
  }

  audit_config {
    service = "secretmanager.googleapis.com"
    audit_log_configs {
      log_type         = "DATA_READ"
      exempted_members = ["user:alice@example.com", "user:bob@example.com", "user:carol@example.com"]
    }
    audit_log_configs {
      log_type = "ADMIN_READ"
    }
  }

  audit_config {
    service = "storage.googleapis.com"
    audit_log_configs {
      log_type = "DATA_WRITE"
    }
  }
}

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

resource "google_project_iam_policy" "project" {
  project     = "groundwork-example"
  policy_data = data.google_iam_policy.project.policy_data
}

resource "google_storage_bucket" "open" {
  name     = "example-open-bucket"
  location = "EU"

  uniform_bucket_level_access = true

  depends_on = [google_project_iam_policy.project]
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
  depends_on = [google_project_iam_policy.project]
}

resource "google_secret_manager_secret_iam_policy" "token" {
  secret_id = google_secret_manager_secret.token.id
  policy_data = jsonencode({
    bindings = [{ role = "roles/secretmanager.secretAccessor", members = ["user:alice@example.com", "user:bob@example.com"] }]
  })
}

resource "google_service_account" "runner" {
  account_id = "runner-account"
  depends_on = [google_project_iam_policy.project]
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
  depends_on    = [google_project_iam_policy.project]
}

resource "google_artifact_registry_repository_iam_policy" "images" {
  repository = google_artifact_registry_repository.images.name
  policy_data = jsonencode({
    bindings = [{ role = "roles/artifactregistry.reader", members = ["user:alice@example.com"] }]
  })
}

resource "google_pubsub_topic" "news" {
  name       = "news"
  depends_on = [google_project_iam_policy.project]
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
  depends_on = [google_project_iam_policy.project]
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
  depends_on = [google_project_iam_policy.project]
}

resource "google_cloud_run_v2_job_iam_policy" "nightly" {
  name = google_cloud_run_v2_job.nightly.name
  policy_data = jsonencode({
    bindings = [{ role = "roles/run.invoker", members = ["user:alice@example.com"] }]
  })
}

data "google_project_iam_policy" "project" {
  project    = "groundwork-example"
  depends_on = [google_project_iam_policy.project]
}

data "google_storage_bucket_iam_policy" "open" {
  bucket = google_storage_bucket_iam_policy.open.bucket
}

data "google_secret_manager_secret_iam_policy" "token" {
  secret_id  = google_secret_manager_secret.token.secret_id
  depends_on = [google_secret_manager_secret_iam_policy.token]
}

data "google_service_account_iam_policy" "runner" {
  service_account_id = google_service_account_iam_policy.runner.service_account_id
}

data "google_artifact_registry_repository_iam_policy" "images" {
  repository = google_artifact_registry_repository_iam_policy.images.repository
}

data "google_pubsub_topic_iam_policy" "news" {
  topic = google_pubsub_topic_iam_policy.news.topic
}

data "google_pubsub_subscription_iam_policy" "news" {
  subscription = google_pubsub_subscription_iam_policy.news.subscription
}

data "google_cloud_run_v2_service_iam_policy" "api" {
  name = google_cloud_run_v2_service_iam_policy.api.name
}

data "google_cloud_run_v2_job_iam_policy" "nightly" {
  name = google_cloud_run_v2_job_iam_policy.nightly.name
}
