ephemeral "google_client_config" "this" {}

ephemeral "google_service_account_access_token" "whole" {
  target_service_account = google_service_account.robot.email
  scopes                 = ["cloud-platform", "userinfo-email"]
}

ephemeral "google_service_account_access_token" "short" {
  target_service_account = google_service_account.robot.email
  scopes                 = ["https://www.googleapis.com/auth/cloud-platform"]
  lifetime               = "300s"
}

ephemeral "google_service_account_id_token" "this" {
  target_service_account = google_service_account.robot.email
  target_audience        = "https://service.example"
  include_email          = true
}

ephemeral "google_service_account_jwt" "this" {
  target_service_account = google_service_account.robot.email
  payload                = jsonencode({ sub = "one", exp = 1893459600 })
}

resource "google_secret_manager_secret" "opened" {
  secret_id = "opened"
  replication {
    auto {}
  }
}

# Written without being stored; the import at the end reads it, so that what was opened is compared too.
# Of tokens only what two clouds have in common: no times and no signatures.
resource "google_secret_manager_secret_version" "opened" {
  secret = google_secret_manager_secret.opened.id
  secret_data_wo = jsonencode({
    config = ephemeral.google_client_config.this
    whole  = merge(ephemeral.google_service_account_access_token.whole, { access_token = dirname(dirname(ephemeral.google_service_account_access_token.whole.access_token)) })
    short  = merge(ephemeral.google_service_account_access_token.short, { access_token = dirname(dirname(ephemeral.google_service_account_access_token.short.access_token)) })
    id     = merge(ephemeral.google_service_account_id_token.this, { id_token = split(".", ephemeral.google_service_account_id_token.this.id_token)[0] })
    jwt    = merge(ephemeral.google_service_account_jwt.this, { jwt = split(".", ephemeral.google_service_account_jwt.this.jwt)[1] })
  })
  secret_data_wo_version = 1
}
