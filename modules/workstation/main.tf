locals {
  # These machine types have their GPUs built in.
  gpu = var.accelerator != null || contains(["a2", "a3", "g2", "g4"], split("-", var.machine_type)[0])

  image = coalesce(var.image, local.gpu ? "deeplearning-platform-release/common-cu129-ubuntu-2204-nvidia-580" : "debian-cloud/debian-12")
}

# A separate disk outlives the machine, which a new run limit replaces.
resource "google_compute_disk" "disk" {
  project = var.project_id
  zone    = var.zone
  name    = var.name
  labels  = var.labels
  image   = local.image
  size    = var.disk_gb
  type    = "pd-balanced"
}

# Without desired_status: a machine that has stopped, by itself or by hand, is as it should be.
resource "google_compute_instance" "machine" {
  project                   = var.project_id
  zone                      = var.zone
  name                      = var.name
  labels                    = var.labels
  machine_type              = var.machine_type
  allow_stopping_for_update = true

  boot_disk {
    auto_delete = false
    source      = google_compute_disk.disk.id
  }

  # An address costs half a cent an hour and only while the machine runs; Cloud NAT, the other way to install anything, costs
  # more: besides its hours, 4.5 cents for each GiB. The network's firewall lets nobody in.
  network_interface {
    subnetwork = var.subnetwork

    access_config {}
  }

  dynamic "guest_accelerator" {
    for_each = var.accelerator[*]

    content {
      type  = guest_accelerator.value.type
      count = guest_accelerator.value.count
    }
  }

  scheduling {
    # Machines with GPUs cannot be moved while they run, and spot machines are taken away.
    on_host_maintenance         = local.gpu || var.spot ? "TERMINATE" : "MIGRATE"
    automatic_restart           = !var.spot
    preemptible                 = var.spot
    provisioning_model          = var.spot ? "SPOT" : "STANDARD"
    instance_termination_action = "STOP"

    max_run_duration {
      seconds = var.limits.max_hours * 3600
    }
  }

  metadata = {
    block-project-ssh-keys = "TRUE"
    enable-oslogin         = "TRUE"
    idle-minutes           = tostring(var.limits.idle_minutes)
    startup-script         = file("${path.module}/stop_when_idle.sh")
  }

  # The NVIDIA drivers of Google's images are not signed.
  shielded_instance_config {
    enable_integrity_monitoring = true
    enable_secure_boot          = !local.gpu
    enable_vtpm                 = true
  }

  service_account {
    email  = var.service_account
    scopes = ["cloud-platform"]
  }

  lifecycle {
    precondition {
      condition     = var.accelerator == null || startswith(var.machine_type, "n1-")
      error_message = "An accelerator is allowed on machine types of the family n1 only, such as n1-standard-4."
    }
  }
}
