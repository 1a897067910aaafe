resource "google_pubsub_schema" "card" {
  name       = "card"
  type       = "AVRO"
  definition = "{\"type\":\"record\",\"name\":\"Card\",\"fields\":[{\"name\":\"title\",\"type\":\"string\"}]}"
}
resource "google_pubsub_schema" "proto" {
  name       = "proto"
  project    = "groundwork-example"
  type       = "PROTOCOL_BUFFER"
  definition = "syntax = \"proto3\";\nmessage Card {\nstring title = 1;\n}"
}
resource "google_pubsub_topic" "cards" {
  name = "cards"
  schema_settings {
    schema   = google_pubsub_schema.card.id
    encoding = "JSON"
  }
}
