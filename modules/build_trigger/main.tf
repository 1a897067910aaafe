locals {
  by_hand = var.event.branch == null && var.event.tag == null

  steps = flatten([
    for build in var.build[*] : concat(
      [
        {
          id         = "cache"
          name       = "gcr.io/cloud-builders/docker"
          entrypoint = "bash"
          args       = ["-c", "docker pull ${build.image}:latest || echo 'no latest image yet: every layer is built'"]
          env        = []
          secret_env = []
        },
        {
          id         = "build"
          name       = "gcr.io/cloud-builders/docker"
          entrypoint = null
          args = concat(
            ["build", "--cache-from=${build.image}:latest", "--build-arg=BUILDKIT_INLINE_CACHE=1"],
            [for name, value in build.build_args : "--build-arg=${name}=${value}"],
            [for name in keys(build.secrets) : "--secret=id=${name},env=${name}"],
            ["--tag=${build.image}:$COMMIT_SHA", "--tag=${build.image}:latest", "--file=${trimprefix("${build.dir}/", "./")}${build.dockerfile}", build.dir],
          )
          env        = ["DOCKER_BUILDKIT=1"]
          secret_env = keys(build.secrets)
        },
        {
          id         = "push"
          name       = "gcr.io/cloud-builders/docker"
          entrypoint = null
          args       = ["push", "--all-tags", build.image]
          env        = []
          secret_env = []
        },
      ],
      [
        for place in concat(
          [for service in sort(build.services) : { kind = "services", name = service }],
          [for job in sort(build.jobs) : { kind = "jobs", name = job }],
          ) : {
          id         = "deploy-${trimsuffix(place.kind, "s")}-${place.name}"
          name       = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim"
          entrypoint = "gcloud"
          args       = ["run", place.kind, "update", place.name, "--image=${build.image}:$COMMIT_SHA", "--region=${var.location}", "--project=${var.project_id}"]
          env        = []
          secret_env = []
        }
      ],
    )
  ])
}

resource "google_cloudbuild_trigger" "trigger" {
  project         = var.project_id
  location        = var.location
  name            = var.name
  description     = var.description
  service_account = "projects/${var.project_id}/serviceAccounts/${var.service_account}"
  substitutions   = var.substitutions
  included_files  = sort(var.included_files)
  filename        = local.by_hand ? null : var.file

  dynamic "repository_event_config" {
    for_each = local.by_hand ? [] : [var.event]

    content {
      repository = var.repository

      push {
        branch = repository_event_config.value.branch
        tag    = repository_event_config.value.tag
      }
    }
  }

  dynamic "source_to_build" {
    for_each = local.by_hand ? [var.event] : []

    content {
      repository = var.repository
      ref        = "refs/heads/${source_to_build.value.head}"
      repo_type  = "GITHUB"
    }
  }

  dynamic "git_file_source" {
    for_each = local.by_hand ? var.file[*] : []

    content {
      path       = git_file_source.value
      repository = var.repository
      revision   = "refs/heads/${var.event.head}"
      repo_type  = "GITHUB"
    }
  }

  dynamic "build" {
    for_each = var.build[*]

    content {
      images  = ["${build.value.image}:$COMMIT_SHA", "${build.value.image}:latest"]
      timeout = "${build.value.timeout_minutes * 60}s"

      dynamic "step" {
        for_each = local.steps

        content {
          id         = step.value.id
          name       = step.value.name
          entrypoint = step.value.entrypoint
          args       = step.value.args
          env        = step.value.env
          secret_env = step.value.secret_env
        }
      }

      dynamic "available_secrets" {
        for_each = length(build.value.secrets) > 0 ? [build.value.secrets] : []

        content {
          dynamic "secret_manager" {
            for_each = available_secrets.value

            content {
              env          = secret_manager.key
              version_name = "projects/${var.project_id}/secrets/${secret_manager.value}/versions/latest"
            }
          }
        }
      }

      # A build with its own account is refused without this.
      options {
        logging      = "CLOUD_LOGGING_ONLY"
        machine_type = build.value.machine_type
      }
    }
  }

  lifecycle {
    precondition {
      condition     = (var.build == null) != (var.file == null)
      error_message = "Either build or file must be given, and not both."
    }
  }
}
