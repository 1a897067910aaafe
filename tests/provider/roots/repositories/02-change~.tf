resource "google_artifact_registry_repository" "images" {
  description = "Other images."
  labels      = { team = "dogs", tier = "one" }
  docker_config {
    immutable_tags = false
  }
  cleanup_policies {
    id     = "release"
    action = "KEEP"
    condition {
      tag_state    = "TAGGED"
      tag_prefixes = ["v"]
    }
  }
  cleanup_policies {
    id     = "keep"
    action = "KEEP"
    most_recent_versions {
      keep_count            = 7
      package_name_prefixes = ["train"]
    }
  }
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "30d"
      tag_state  = "ANY"
    }
  }
}

resource "google_artifact_registry_repository" "maven" {
  maven_config {
    version_policy = "SNAPSHOT"
  }
}

resource "google_artifact_registry_repository" "remote" {
  remote_repository_config {
    description = "Docker Hub again"
    docker_repository {
      public_repository = "DOCKER_HUB"
    }
  }
}

resource "google_artifact_registry_repository" "virtual" {
  virtual_repository_config {
    upstream_policies {
      id         = "first"
      repository = google_artifact_registry_repository.remote.id
      priority   = 30
    }
  }
}

resource "google_artifact_registry_repository" "private" {
  remote_repository_config {
    disable_upstream_validation = true
    docker_repository {
      custom_repository {
        uri = "https://images.example.com"
      }
    }
    upstream_credentials {
      username_password_credentials {
        username                = "bob"
        password_secret_version = "projects/groundwork-example/secrets/login/versions/1"
      }
    }
  }
}
