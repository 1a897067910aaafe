resource "google_compute_instance" "moving" {
  resource_policies = ["projects/groundwork-example/regions/europe-west1/resourcePolicies/nightly"]
  network_interface {
    network    = "default"
    network_ip = "10.128.0.7"
    alias_ip_range {
      ip_cidr_range = "10.128.2.0/24"
    }
    access_config {
      public_ptr_domain_name = "vm.example.com."
    }
  }
  advanced_machine_features {
    threads_per_core = 2
  }
}
