resource "google_secret_manager_secret" "source" {
  secret_id = "source"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "first" {
  secret                 = google_secret_manager_secret.source.id
  secret_data_wo         = "first value, é"
  secret_data_wo_version = 1
}

resource "google_secret_manager_secret_version" "second" {
  secret                 = google_secret_manager_secret.source.id
  secret_data_wo         = "second value"
  secret_data_wo_version = 1
  depends_on             = [google_secret_manager_secret_version.first]
}

resource "google_secret_manager_secret" "bytes" {
  secret_id = "bytes"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "bytes" {
  secret                 = google_secret_manager_secret.bytes.id
  secret_data_wo         = "/wDDaHVzaA=="
  is_secret_data_base64  = true
  secret_data_wo_version = 1
}
