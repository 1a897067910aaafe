resource "google_cloudbuildv2_connection" "connection" {
  project  = var.project_id
  location = var.location
  name     = var.name

  dynamic "github_config" {
    for_each = var.installation[*]

    content {
      app_installation_id = github_config.value.app_installation_id

      authorizer_credential {
        oauth_token_secret_version = github_config.value.token_secret_version
      }
    }
  }

  # What was authorised on GitHub must not be changed by Terraform.
  lifecycle {
    ignore_changes = [github_config]
  }
}

resource "google_cloudbuildv2_repository" "repositories" {
  for_each = var.repositories

  project           = var.project_id
  location          = var.location
  name              = replace(each.key, "/[^A-Za-z0-9-]/", "-")
  parent_connection = google_cloudbuildv2_connection.connection.name
  remote_uri        = "https://github.com/${each.key}.git"
}
