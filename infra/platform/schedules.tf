locals {
  scheduled = { for name, job in local.environment.jobs : name => job if job.schedule != null }
}

# Starts jobs on their schedules: each scheduled job lets it do that, and it may do nothing else.
module "scheduler" {
  source   = "../../modules/service_account"
  for_each = toset(length(local.scheduled) > 0 ? ["scheduler"] : [])

  project_id  = module.services.project_id
  name        = local.names.scheduler
  description = "Starts jobs on their schedules."
  iam         = { (local.acts_as) = [local.deployer] }
}

module "scheduled_jobs" {
  source   = "../../modules/scheduled_job"
  for_each = local.scheduled

  project_id      = module.services.project_id
  name            = each.key
  location        = local.environment.region
  job             = module.run_jobs[each.key].name
  schedule        = { cron = each.value.schedule, time_zone = each.value.time_zone }
  service_account = module.scheduler["scheduler"].email
}
