resource "google_cloud_run_v2_service" "plain" {
  name                = "plain"
  location            = "europe-west1"
  deletion_protection = false
  description         = "Said later."
  template {
    containers {
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:2"
      resources {
        limits = { memory = "1Gi" }
      }
    }
  }
  lifecycle {
    ignore_changes = [template[0].containers[0].image]
  }
}
