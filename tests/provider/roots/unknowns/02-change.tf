resource "terraform_data" "later" {
  input = { team = "birds", days = 9, member = "user:alice@example.com" }
}

resource "google_secret_manager_secret" "labelled" {
  secret_id = "labelled"
  labels    = { team = terraform_data.later.output.team, tier = "one" }
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret" "each" {
  for_each  = toset(["a", "b"])
  secret_id = "each-${each.key}"
  labels    = terraform_data.later.output.team == "cats" ? { team = "cats" } : {}
  replication {
    auto {}
  }
}

resource "google_storage_bucket" "rules" {
  name     = "example-rules"
  location = "EU"
  dynamic "lifecycle_rule" {
    for_each = toset(["x"])
    content {
      action {
        type = "Delete"
      }
      condition {
        age = terraform_data.later.output.days
      }
    }
  }
}

resource "google_artifact_registry_repository" "policies" {
  location      = "europe-west1"
  repository_id = "policies"
  format        = "DOCKER"
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "${terraform_data.later.output.days}d"
    }
  }
}

resource "google_secret_manager_secret_iam_binding" "members" {
  secret_id = google_secret_manager_secret.labelled.id
  role      = "roles/secretmanager.viewer"
  members   = [terraform_data.later.output.member]
}

resource "google_service_account" "named" {
  account_id = "account-${terraform_data.later.output.team}"
}
