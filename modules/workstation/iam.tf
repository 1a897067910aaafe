resource "google_compute_instance_iam_binding" "roles" {
  for_each = var.iam

  project       = google_compute_instance.machine.project
  zone          = google_compute_instance.machine.zone
  instance_name = google_compute_instance.machine.name
  role          = each.key
  members       = each.value

  # A replacement under the same name comes without them.
  lifecycle {
    replace_triggered_by = [google_compute_instance.machine.instance_id]
  }
}
