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
}

resource "google_secret_manager_secret_iam_policy" "token" {
  policy_data = jsonencode({
    bindings = [{ role = "roles/secretmanager.secretAccessor", members = ["user:alice@example.com", "user:bob@example.com"] }]
  })
}

resource "google_service_account_iam_policy" "runner" {
  policy_data = jsonencode({
    bindings = [{ role = "roles/iam.serviceAccountTokenCreator", members = ["user:alice@example.com"] }]
  })
}

resource "google_artifact_registry_repository_iam_policy" "images" {
  policy_data = jsonencode({
    bindings = [{ role = "roles/artifactregistry.reader", members = ["user:alice@example.com"] }]
  })
}

resource "google_pubsub_topic_iam_policy" "news" {
  policy_data = data.google_iam_policy.none.policy_data
}

resource "google_pubsub_subscription_iam_policy" "news" {
  policy_data = jsonencode({
    bindings = [{ role = "roles/pubsub.subscriber", members = ["user:${google_service_account.runner.account_id}@example.com"] }]
  })
}
