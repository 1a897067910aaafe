resource "google_project_service" "run" {
  service = "run.googleapis.com"
}

resource "google_project_service" "already" {
  service            = "secretmanager.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "off" {
  for_each                   = toset(["pubsub.googleapis.com", "eventarc.googleapis.com"])
  project                    = "groundwork-example"
  service                    = each.key
  disable_on_destroy         = true
  disable_dependent_services = true
}
