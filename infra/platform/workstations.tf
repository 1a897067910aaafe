module "networks" {
  source   = "../../modules/network"
  for_each = toset(length(local.environment.workstations) > 0 ? ["workstations"] : [])

  project_id = module.services.project_id
  name       = each.key
  location   = local.environment.region
}

module "workstations" {
  source   = "../../modules/workstation"
  for_each = local.environment.workstations

  project_id      = module.services.project_id
  name            = each.key
  zone            = "${local.environment.region}-${each.value.zone}"
  labels          = { component = each.key }
  accelerator     = one([for type in each.value.accelerator[*] : { type = type, count = each.value.accelerator_count }])
  disk_gb         = each.value.disk_gb
  iam             = module.team_access.iam.workstations
  image           = each.value.image
  limits          = { idle_minutes = each.value.idle_minutes, max_hours = each.value.max_hours }
  machine_type    = each.value.machine_type
  service_account = module.identities[each.value.identity].email
  spot            = each.value.spot
  subnetwork      = module.networks["workstations"].subnetwork
}
