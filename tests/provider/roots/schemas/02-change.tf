resource "google_pubsub_schema" "card" {
  name       = "card"
  type       = "AVRO"
  definition = "{\"type\":\"record\",\"name\":\"Card\",\"fields\":[{\"name\":\"name\",\"type\":\"string\"}]}"
}
resource "google_pubsub_topic" "cards" {
  name = "cards"
}
