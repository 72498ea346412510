# An administrator and a member in one configuration: two accounts, two
# providers, the whole relationship; and a member that does not answer.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {}
variable "region" {}
variable "member_account" {}
variable "member_email" {}
variable "second_account" {}
variable "second_email" {}
variable "admin_key" {}
variable "admin_secret" { sensitive = true }
variable "member_key" {}
variable "member_secret" { sensitive = true }

# What the test changes after the first apply.
variable "frequency" { default = "FIFTEEN_MINUTES" }
variable "status" { default = "ENABLED" }
variable "invite" { default = true }
variable "job_status" { default = "RUNNING" }

provider "aws" {
  alias                       = "admin"
  region                      = var.region
  access_key                  = var.admin_key
  secret_key                  = var.admin_secret
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 1
  endpoints {
    macie2 = var.endpoint
    sts    = var.endpoint
    iam    = var.endpoint
  }
}

provider "aws" {
  alias                       = "member"
  region                      = var.region
  access_key                  = var.member_key
  secret_key                  = var.member_secret
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 1
  endpoints {
    macie2 = var.endpoint
    sts    = var.endpoint
    iam    = var.endpoint
  }
}

resource "aws_macie2_account" "admin" {
  provider                     = aws.admin
  finding_publishing_frequency = var.frequency
}

resource "aws_macie2_account" "member" {
  provider = aws.member
}

resource "aws_macie2_member" "member" {
  provider                              = aws.admin
  account_id                            = var.member_account
  email                                 = var.member_email
  invite                                = true
  invitation_message                    = "This is a message of the invitation"
  invitation_disable_email_notification = false
  status                                = var.status
  tags                                  = { team = "data" }
  depends_on                            = [aws_macie2_account.admin]
}

resource "aws_macie2_invitation_accepter" "member" {
  provider                 = aws.member
  administrator_account_id = aws_macie2_account.admin.id
  depends_on               = [aws_macie2_account.member, aws_macie2_member.member]
}

# One that never answers.
resource "aws_macie2_member" "second" {
  provider   = aws.admin
  account_id = var.second_account
  email      = var.second_email
  invite     = var.invite
  depends_on = [aws_macie2_account.admin]
}

# What to look for beside what is built in.
resource "aws_macie2_custom_data_identifier" "employee" {
  provider               = aws.admin
  name                   = "employee"
  description            = "Employee numbers"
  regex                  = "E-[0-9]{6}"
  keywords               = ["employee", "staff number"]
  ignore_words           = ["E-000000"]
  maximum_match_distance = 20
  tags                   = { team = "data" }
  depends_on             = [aws_macie2_account.admin]
}

# Where to look for it: a job that runs once, and one on a schedule.
resource "aws_macie2_classification_job" "once" {
  provider = aws.admin
  job_type = "ONE_TIME"
  name     = "once"
  s3_job_definition {
    bucket_definitions {
      account_id = aws_macie2_account.admin.id
      buckets    = ["reports", "exports"]
    }
  }
}

# With every part of a definition.
resource "aws_macie2_classification_job" "often" {
  provider                   = aws.admin
  job_type                   = "SCHEDULED"
  job_status                 = var.job_status
  name                       = "often"
  description                = "Every Monday, a tenth of it"
  initial_run                = false
  sampling_percentage        = 10
  custom_data_identifier_ids = [aws_macie2_custom_data_identifier.employee.id]
  schedule_frequency {
    weekly_schedule = "MONDAY"
  }
  s3_job_definition {
    bucket_criteria {
      includes {
        and {
          simple_criterion {
            comparator = "EQ"
            key        = "ACCOUNT_ID"
            values     = [aws_macie2_account.admin.id]
          }
        }
      }
      excludes {
        and {
          tag_criterion {
            comparator = "EQ"
            tag_values {
              key   = "public"
              value = "yes"
            }
          }
        }
      }
    }
    scoping {
      includes {
        and {
          simple_scope_term {
            comparator = "STARTS_WITH"
            key        = "OBJECT_KEY"
            values     = ["2026/", "2027/"]
          }
        }
        and {
          tag_scope_term {
            comparator = "EQ"
            key        = "TAG"
            target     = "S3_OBJECT"
            tag_values {
              key   = "team"
              value = "hr"
            }
          }
        }
      }
      excludes {
        and {
          simple_scope_term {
            comparator = "EQ"
            key        = "OBJECT_EXTENSION"
            values     = ["tmp", "bak"]
          }
        }
        and {
          simple_scope_term {
            comparator = "GT"
            key        = "OBJECT_SIZE"
            values     = ["1000000"]
          }
        }
      }
    }
  }
  tags = { team = "data" }
}

output "job" { value = aws_macie2_classification_job.often.id }
