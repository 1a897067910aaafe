resource "google_artifact_registry_repository" "images" {
  repository_id = "images"
  format        = "docker"
  description   = "Images."
  labels        = { team = "cats" }
  docker_config {
    immutable_tags = true
  }
  vulnerability_scanning_config {
    enablement_config = "DISABLED"
  }
  cleanup_policy_dry_run = false
  cleanup_policies {
    id     = "keep"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "14d"
      tag_state  = "ANY"
    }
  }
}

resource "google_artifact_registry_repository" "plain" {
  location      = "europe-west4"
  repository_id = "plain"
  format        = "PYTHON"
}

resource "google_artifact_registry_repository" "maven" {
  location      = "europe-west1"
  repository_id = "maven"
  format        = "MAVEN"
  maven_config {
    version_policy = "RELEASE"
  }
}

resource "google_artifact_registry_repository" "remote" {
  location      = "europe-west1"
  repository_id = "remote"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  remote_repository_config {
    description = "Docker Hub"
    docker_repository {
      public_repository = "DOCKER_HUB"
    }
  }
}

resource "google_artifact_registry_repository" "virtual" {
  location      = "europe-west1"
  repository_id = "virtual"
  format        = "DOCKER"
  mode          = "VIRTUAL_REPOSITORY"
  virtual_repository_config {
    upstream_policies {
      id         = "first"
      repository = google_artifact_registry_repository.remote.id
      priority   = 20
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "puller" {
  repository = google_artifact_registry_repository.images.name
  location   = google_artifact_registry_repository.images.location
  role       = "roles/artifactregistry.reader"
  member     = "user:alice@example.com"
}

resource "google_artifact_registry_repository_iam_member" "defaulted" {
  repository = google_artifact_registry_repository.maven.repository_id
  role       = "roles/artifactregistry.reader"
  member     = "user:alice@example.com"
}

resource "google_artifact_registry_repository_iam_binding" "pushers" {
  repository = google_artifact_registry_repository.plain.id
  location   = "europe-west4"
  role       = "roles/artifactregistry.writer"
  members    = ["user:bob@example.com"]
}

output "uri" {
  value = google_artifact_registry_repository.images.registry_uri
}

resource "google_artifact_registry_repository" "private" {
  location      = "europe-west1"
  repository_id = "private"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  remote_repository_config {
    disable_upstream_validation = true
    docker_repository {
      custom_repository {
        uri = "https://images.example.com"
      }
    }
    upstream_credentials {
      username_password_credentials {
        username                = "alice"
        password_secret_version = "projects/groundwork-example/secrets/login/versions/1"
      }
    }
  }
}
