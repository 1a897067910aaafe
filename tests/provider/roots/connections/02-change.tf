resource "google_secret_manager_secret" "token" {
  secret_id = "github-token"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "token" {
  secret      = google_secret_manager_secret.token.id
  secret_data = "for the robot"
}

resource "google_cloudbuildv2_connection" "waiting" {
  name     = "waiting"
  location = "europe-west1"
  disabled = true
  github_config {
    app_installation_id = 321321
  }
}

resource "google_secret_manager_secret_iam_member" "agent" {
  secret_id = google_secret_manager_secret.token.id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:service-100000000001@gcp-sa-cloudbuild.iam.gserviceaccount.com"
}

resource "google_cloudbuildv2_connection" "github" {
  depends_on = [google_secret_manager_secret_iam_member.agent]

  name        = "github"
  location    = "europe-west1"
  annotations = { team = "dogs" }
  github_config {
    app_installation_id = 123123
    authorizer_credential {
      oauth_token_secret_version = google_secret_manager_secret_version.token.id
    }
  }
}

resource "google_cloudbuildv2_repository" "api" {
  name              = "api"
  parent_connection = google_cloudbuildv2_connection.github.id
  remote_uri        = "https://github.com/cats/another.git"
}
