ephemeral "google_secret_manager_secret_version" "bytes" {
  secret = google_secret_manager_secret_version.bytes.secret
}

resource "google_secret_manager_secret_version" "same_bytes" {
  secret                 = google_secret_manager_secret.bytes.id
  secret_data_wo         = ephemeral.google_secret_manager_secret_version.bytes.secret_data
  secret_data_wo_version = 1
}

ephemeral "google_secret_manager_secret_version" "same_bytes" {
  secret                = google_secret_manager_secret_version.same_bytes.secret
  version               = google_secret_manager_secret_version.same_bytes.version
  is_secret_data_base64 = true
}

ephemeral "google_secret_manager_secret_version" "latest" {
  secret = google_secret_manager_secret.source.secret_id
}

ephemeral "google_secret_manager_secret_version" "first" {
  secret                = google_secret_manager_secret.source.id
  version               = google_secret_manager_secret_version.first.version
  is_secret_data_base64 = true
}

ephemeral "google_secret_manager_secret_version" "elsewhere" {
  project = "groundwork-example"
  secret  = "source"
  version = 1
}

resource "google_secret_manager_secret" "copy" {
  secret_id = "copy"
  replication {
    auto {}
  }
}

# Written without being stored; the import at the end reads it, so that what was opened is compared too.
resource "google_secret_manager_secret_version" "copy" {
  secret = google_secret_manager_secret.copy.id
  secret_data_wo = jsonencode({
    for name, opened in {
      latest     = ephemeral.google_secret_manager_secret_version.latest
      first      = ephemeral.google_secret_manager_secret_version.first
      elsewhere  = ephemeral.google_secret_manager_secret_version.elsewhere
      same_bytes = ephemeral.google_secret_manager_secret_version.same_bytes
    } : name => { for key, value in opened : key => value if key != "create_time" }
  })
  secret_data_wo_version = 1
}
