resource "google_compute_instance" "plain" {
  description         = "Serves."
  labels              = { team = "dogs" }
  tags                = ["ssh"]
  metadata            = { note = "b" }
  desired_status      = "RUNNING"
  deletion_protection = false
  boot_disk {
    auto_delete = false
    initialize_params {
      image  = "debian-cloud/debian-12"
      size   = 40
      labels = { part = "boot" }
    }
  }
  network_interface {
    network = "default"
    access_config {}
  }
}

resource "google_compute_instance" "full" {
  machine_type            = "n1-standard-8"
  min_cpu_platform        = "Intel Broadwell"
  can_ip_forward          = false
  enable_display          = false
  labels                  = { team = "cats", tier = "two" }
  tags                    = ["ssh"]
  metadata                = { enable-oslogin = "TRUE", note = "b" }
  metadata_startup_script = "#!/bin/sh\necho again"
  description             = null
  boot_disk {
    auto_delete = true
    device_name = "boot"
    initialize_params {
      image  = "projects/debian-cloud/global/images/family/debian-12"
      size   = 50
      type   = "pd-balanced"
      labels = { part = "boot" }
    }
  }
  attached_disk {
    source      = google_compute_disk.more.name
    device_name = "more"
  }
  network_interface {
    network = "default"
    access_config {
      network_tier = "PREMIUM"
    }
  }
  scheduling {
    on_host_maintenance = "TERMINATE"
    automatic_restart   = true
  }
  service_account {
    email  = google_service_account.runner.email
    scopes = ["https://www.googleapis.com/auth/cloud-platform", "pubsub"]
  }
  shielded_instance_config {
    enable_secure_boot = false
  }
}
