resource "google_secret_manager_secret" "plain" {
  secret_id   = "plain"
  labels      = { team = "dogs" }
  annotations = { note = "b", more = "c" }
  replication {
    auto {}
  }
  deletion_policy = "ABANDON"
}

resource "google_secret_manager_secret" "full" {
  secret_id = "full"
  labels    = { tier = "two" }
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
  version_destroy_ttl = "172800s"
  ttl                 = "864000s"
}

resource "google_secret_manager_secret_version" "one" {
  secret      = google_secret_manager_secret.plain.id
  secret_data = "second"
}

resource "google_secret_manager_secret_version" "hidden" {
  secret                 = google_secret_manager_secret.full.id
  secret_data_wo         = "not to be seen"
  secret_data_wo_version = 1
  enabled                = true
}

moved {
  from = google_secret_manager_secret_iam_member.reader
  to   = google_secret_manager_secret_iam_member.moved
}

resource "google_secret_manager_secret_iam_member" "moved" {
  secret_id = google_secret_manager_secret.plain.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "user:alice@example.com"
}

resource "google_secret_manager_secret_iam_binding" "viewers" {
  secret_id = google_secret_manager_secret.full.id
  role      = "roles/secretmanager.viewer"
  members   = ["user:bob@example.com", "user:carol@example.com"]
}

output "name" {
  value = google_secret_manager_secret.plain.name
}
