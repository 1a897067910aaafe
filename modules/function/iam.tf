locals {
  calls = "roles/run.invoker"

  # Whoever calls a function calls its service in Cloud Run, events included.
  callers = concat(
    lookup(var.iam, local.calls, []),
    [for event in var.event[*] : "serviceAccount:${event.service_account}"],
    var.public ? ["allUsers"] : [],
  )
}

resource "google_cloud_run_v2_service_iam_binding" "roles" {
  for_each = merge(var.iam, length(local.callers) > 0 ? { (local.calls) = local.callers } : {})

  project  = google_cloudfunctions2_function.function.project
  location = google_cloudfunctions2_function.function.location
  name     = google_cloudfunctions2_function.function.name
  role     = each.key
  members  = each.value
}
