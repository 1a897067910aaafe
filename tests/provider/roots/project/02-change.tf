resource "google_project_service" "run" {
  service            = "run.googleapis.com"
  disable_on_destroy = true
  deletion_policy    = "ABANDON"
}

resource "google_project_service" "off" {
  for_each           = toset(["pubsub.googleapis.com"])
  project            = "groundwork-example"
  service            = each.key
  disable_on_destroy = true
  timeouts {
    create = "5m"
  }
}
