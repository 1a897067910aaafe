# Only the secret itself: a value given to Terraform would be in its state.
resource "google_secret_manager_secret" "secret" {
  project   = var.project_id
  secret_id = var.name
  labels    = var.labels

  replication {
    dynamic "auto" {
      for_each = var.location == null ? [true] : []

      content {}
    }

    dynamic "user_managed" {
      for_each = var.location[*]

      content {
        replicas {
          location = user_managed.value
        }
      }
    }
  }
}
