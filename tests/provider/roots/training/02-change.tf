resource "google_vertex_ai_tensorboard" "runs" {
  display_name = "all runs"
  region       = "europe-west1"
  labels       = { team = "dogs" }
}

resource "google_vertex_ai_endpoint" "plain" {
  name         = "1234"
  display_name = "not so plain"
  description  = "Said later."
  location     = "europe-west1"
  labels       = { team = "dogs" }
}

resource "google_vertex_ai_endpoint" "full" {
  name                       = "full"
  display_name               = "full"
  location                   = "europe-west1"
  region                     = "europe-west1"
  dedicated_endpoint_enabled = true
}
