resource "google_compute_network" "other" {
  name = "other"
}

resource "google_compute_disk" "boot" {
  name  = "boot"
  zone  = "europe-west1-b"
  image = "projects/debian-cloud/global/images/family/debian-12"
}

resource "google_compute_instance" "moving" {
  name                      = "moving"
  machine_type              = "e2-medium"
  zone                      = "europe-west1-b"
  allow_stopping_for_update = true
  boot_disk {
    source = google_compute_disk.boot.name
  }
  network_interface {
    network    = google_compute_network.other.id
    network_ip = "10.132.0.7"
    alias_ip_range {
      ip_cidr_range = "10.128.2.0/24"
    }
    access_config {
      public_ptr_domain_name = "vm.example.com."
    }
  }
  scheduling {
    max_run_duration {
      seconds = 3600
    }
    instance_termination_action = "STOP"
  }
  advanced_machine_features {
    threads_per_core = 2
  }
  reservation_affinity {
    type = "SPECIFIC_RESERVATION"
    specific_reservation {
      key    = "compute.googleapis.com/reservation-name"
      values = ["ours"]
    }
  }
}
