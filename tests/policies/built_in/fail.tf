resource "google_storage_bucket" "loose" {
  project                     = "team-project"
  name                        = "team-models"
  location                    = "europe-west1"
  public_access_prevention    = "inherited"
  uniform_bucket_level_access = false
}

resource "google_project_iam_member" "default_account" {
  project = "team-project"
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:1234567-compute@developer.gserviceaccount.com"
}

resource "google_bigquery_dataset" "public" {
  project    = "team-project"
  dataset_id = "predictions"
  location   = "europe-west1"

  access {
    role          = "READER"
    special_group = "allAuthenticatedUsers"
  }
}

resource "google_compute_firewall" "ports" {
  project       = "team-project"
  name          = "open-ports"
  network       = "default"
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["20", "21", "22", "80", "3306", "3389"]
  }
}

resource "google_compute_firewall" "everything" {
  project       = "team-project"
  name          = "open-to-all"
  network       = "default"
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "all"
  }
}

resource "google_compute_instance" "open" {
  project        = "team-project"
  name           = "workstation"
  machine_type   = "e2-medium"
  zone           = "europe-west1-b"
  can_ip_forward = true

  metadata = {
    block-project-ssh-keys = false
    enable-oslogin         = false
    serial-port-enable     = true
  }

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    network = "default"
    access_config {}
  }

  service_account {
    email  = "1234567-compute@developer.gserviceaccount.com"
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
  }
}

resource "google_workbench_instance" "open" {
  project  = "team-project"
  name     = "notebook"
  location = "europe-west1-b"

  gce_setup {
    disable_public_ip = false
  }
}

module "by_tag" {
  source = "git::https://github.com/example-team/terraform-bucket.git?ref=v1.0.0"
}
