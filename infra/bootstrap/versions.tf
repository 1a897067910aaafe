terraform {
  required_version = ">= 1.11"

  # The bucket and the prefix are given to init.
  backend "gcs" {}

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "7.45.0"
    }
  }
}
