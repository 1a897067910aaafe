resource "google_logging_metric" "plain" {
  name   = "plain"
  filter = "severity>=ERROR"
}

resource "google_logging_metric" "full" {
  name             = "full"
  filter           = "resource.type=\"cloud_run_revision\""
  description      = "How long answers take."
  value_extractor  = "EXTRACT(jsonPayload.latency)"
  label_extractors = { service = "EXTRACT(resource.labels.service_name)" }
  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = "ms"
    display_name = "Latency"
    labels {
      key         = "service"
      description = "The service that answered."
    }
  }
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 64
      growth_factor      = 2
      scale              = 0.01
    }
  }
}

resource "google_logging_metric" "counted" {
  name     = "counted"
  filter   = "severity=WARNING"
  disabled = true
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
}

resource "google_logging_project_sink" "full" {
  name        = "full"
  destination = "pubsub.googleapis.com/${google_pubsub_topic.logs.id}"
  description = "All that fails."
  filter      = "severity>=ERROR"
  disabled    = true
  exclusions {
    name        = "probes"
    description = "Nobody reads these."
    filter      = "httpRequest.requestUrl:\"/healthz\""
  }
}

output "writer" {
  value = google_logging_project_sink.plain.writer_identity
}

resource "google_logging_metric" "slashed" {
  name   = "api/(slow)"
  filter = "severity>=ERROR"
}

resource "google_logging_project_sink" "shared" {
  name                   = "shared"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.logs.id}"
  unique_writer_identity = false
}

resource "google_logging_project_sink" "tables" {
  name        = "tables"
  destination = "bigquery.googleapis.com/projects/groundwork-example/datasets/logs"
  bigquery_options {
    use_partitioned_tables = true
  }
}
