resource "google_service_account" "runner" {
  account_id = "runner-account"
}

resource "google_compute_disk" "data" {
  name = "data"
  zone = "europe-west1-b"
  size = 20
}

resource "google_compute_disk" "more" {
  name = "more"
  zone = "europe-west1-b"
  size = 30
}

resource "google_compute_instance" "plain" {
  name                = "plain"
  machine_type        = "e2-medium"
  zone                = "europe-west1-b"
  description         = "Serves."
  labels              = { team = "dogs" }
  tags                = ["ssh"]
  metadata            = { note = "b" }
  desired_status      = "SUSPENDED"
  deletion_protection = true
  boot_disk {
    auto_delete = false
    initialize_params {
      image  = "debian-cloud/debian-12"
      labels = { part = "boot" }
    }
  }
  network_interface {
    network = "default"
    access_config {}
  }
}

resource "google_compute_instance" "full" {
  name                      = "full"
  machine_type              = "n1-standard-8"
  zone                      = "europe-west1-b"
  hostname                  = "full.example.com"
  min_cpu_platform          = "Intel Broadwell"
  can_ip_forward            = false
  allow_stopping_for_update = true
  enable_display            = false
  labels                    = { team = "cats", tier = "two" }
  tags                      = ["ssh"]
  metadata                  = { enable-oslogin = "TRUE", note = "b" }
  metadata_startup_script   = "#!/bin/sh\necho up"
  boot_disk {
    auto_delete = true
    device_name = "boot"
    initialize_params {
      image  = "projects/debian-cloud/global/images/family/debian-12"
      size   = 50
      type   = "pd-ssd"
      labels = { part = "boot" }
    }
  }
  attached_disk {
    source      = google_compute_disk.more.name
    device_name = "more"
  }
  scratch_disk {
    interface = "NVME"
  }
  network_interface {
    network = "default"
    access_config {
      network_tier = "PREMIUM"
    }
  }
  guest_accelerator {
    type  = "nvidia-tesla-t4"
    count = 1
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

resource "google_compute_instance" "spot" {
  name           = "spot"
  machine_type   = "e2-small"
  zone           = "europe-west1-b"
  desired_status = "RUNNING"
  boot_disk {
    initialize_params {
      image = "debian-12"
    }
  }
  network_interface {
    subnetwork = "default"
    access_config {}
  }
  guest_accelerator {
    type  = "nvidia-tesla-t4"
    count = 0
  }
  scheduling {
    preemptible                 = true
    automatic_restart           = false
    provisioning_model          = "SPOT"
    instance_termination_action = "STOP"
  }
  service_account {
    scopes = ["storage-ro", "logging-write"]
  }
}

output "address" {
  value = google_compute_instance.full.network_interface[0].access_config[0].nat_ip
}

output "image" {
  value = google_compute_instance.plain.boot_disk[0].initialize_params[0].image
}
