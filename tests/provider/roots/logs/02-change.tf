resource "google_logging_metric" "plain" {
  name        = "plain"
  filter      = "severity>=CRITICAL"
  description = "Worse than an error."
}

resource "google_logging_metric" "full" {
  name            = "full"
  filter          = "resource.type=\"cloud_run_revision\""
  value_extractor = "EXTRACT(jsonPayload.latency)"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"
  }
  bucket_options {
    linear_buckets {
      num_finite_buckets = 10
      offset             = 1
      width              = 2
    }
  }
}

resource "google_logging_metric" "counted" {
  name   = "counted"
  filter = "severity=WARNING"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

resource "google_pubsub_topic" "logs" {
  name = "logs"
}

resource "google_logging_project_sink" "plain" {
  name        = "plain"
  destination = "pubsub.googleapis.com/${google_pubsub_topic.logs.id}"
  filter      = " severity>=ERROR "
}

resource "google_logging_project_sink" "full" {
  name        = "full"
  destination = "pubsub.googleapis.com/${google_pubsub_topic.logs.id}"
  filter      = "severity>=CRITICAL"
}

resource "google_logging_metric" "slashed" {
  name   = "api/(slow)"
  filter = "severity>=WARNING"
}

resource "google_logging_project_sink" "shared" {
  name                   = "shared"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.logs.id}"
  unique_writer_identity = true
}

resource "google_logging_project_sink" "tables" {
  name        = "tables"
  destination = "bigquery.googleapis.com/projects/groundwork-example/datasets/logs"
  bigquery_options {
    use_partitioned_tables = false
  }
}
