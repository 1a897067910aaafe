resource "google_secret_manager_secret" "plain" {
  secret_id = "plain"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret" "full" {
  secret_id   = "full"
  labels      = { team = "cats", tier = "one" }
  annotations = { note = "a" }
  replication {
    user_managed {
      replicas {
        location = "europe-west1"
      }
      replicas {
        location = "europe-west4"
      }
    }
  }
  version_aliases     = {}
  version_destroy_ttl = "86400s"
  ttl                 = "864000s"
  deletion_protection = false
}

resource "google_secret_manager_secret_version" "one" {
  secret      = google_secret_manager_secret.plain.id
  secret_data = "first"
}

resource "google_secret_manager_secret_version" "hidden" {
  secret                 = google_secret_manager_secret.full.id
  secret_data_wo         = "not to be seen"
  secret_data_wo_version = 1
  enabled                = false
  deletion_policy        = "DISABLE"
}

resource "google_secret_manager_secret_iam_member" "reader" {
  secret_id = google_secret_manager_secret.plain.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "user:Alice@example.com"
}

resource "google_secret_manager_secret_iam_binding" "viewers" {
  secret_id = google_secret_manager_secret.full.id
  role      = "roles/secretmanager.viewer"
  members   = ["user:bob@example.com", "group:Team@example.com"]
}

output "name" {
  value = google_secret_manager_secret.plain.name
}
