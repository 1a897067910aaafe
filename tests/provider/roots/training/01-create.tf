resource "google_vertex_ai_tensorboard" "runs" {
  display_name = "runs"
  description  = "What was trained."
  region       = "europe-west1"
  labels       = { team = "cats", tier = "one" }
}

resource "google_vertex_ai_tensorboard" "plain" {
  display_name = "plain"
}

resource "google_vertex_ai_endpoint" "plain" {
  name         = "1234"
  display_name = "plain"
  location     = "europe-west1"
}

resource "google_vertex_ai_endpoint" "full" {
  name                       = "full"
  display_name               = "full"
  description                = "Where the model answers."
  location                   = "europe-west1"
  region                     = "europe-west1"
  labels                     = { team = "cats" }
  dedicated_endpoint_enabled = true
}

output "tensorboard" {
  value = google_vertex_ai_tensorboard.runs.display_name
}

resource "google_vertex_ai_dataset" "images" {
  display_name        = "images"
  metadata_schema_uri = "gs://google-cloud-aiplatform/schema/dataset/metadata/image_1.0.0.yaml"
  region              = "europe-west1"
  labels              = { team = "cats" }
}

resource "google_vertex_ai_dataset" "rows" {
  display_name        = "rows"
  metadata_schema_uri = "gs://google-cloud-aiplatform/schema/dataset/metadata/tabular_1.0.0.yaml"
}
