locals {
  starts = "roles/run.invoker"

  # The schedule uses the job's own account to start it.
  scheduled = [for schedule in var.schedule[*] : "serviceAccount:${var.service_account}"]
  iam       = length(local.scheduled) == 0 ? var.iam : merge(var.iam, { (local.starts) = concat(lookup(var.iam, local.starts, []), local.scheduled) })
}

resource "google_cloud_run_v2_job_iam_binding" "roles" {
  for_each = local.iam

  project  = google_cloud_run_v2_job.job.project
  location = google_cloud_run_v2_job.job.location
  name     = google_cloud_run_v2_job.job.name
  role     = each.key
  members  = each.value
}
