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

resource "google_vertex_ai_dataset" "images" {
  display_name        = "all images"
  metadata_schema_uri = "gs://google-cloud-aiplatform/schema/dataset/metadata/image_1.0.0.yaml"
  region              = "europe-west1"
  labels              = { team = "dogs", tier = "one" }
}

resource "google_vertex_ai_dataset" "rows" {
  display_name        = "rows"
  metadata_schema_uri = "gs://google-cloud-aiplatform/schema/dataset/metadata/tabular_1.0.0.yaml"
}
