# An administrator and a member in one configuration, as organisations write it:
# two accounts, two providers, the whole relationship.

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
variable "admin_key" {}
variable "admin_secret" { sensitive = true }
variable "member_key" {}
variable "member_secret" { sensitive = true }

# What the steps of the test change.
variable "frequency" { default = "FIFTEEN_MINUTES" }
variable "status" { default = null }
variable "invite" { default = true }
variable "accept" { default = true }
variable "tags" { default = { team = "data" } }

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
  invite                                = var.invite
  invitation_message                    = "This is a message of the invitation"
  invitation_disable_email_notification = false
  status                                = var.status
  tags                                  = var.tags
  depends_on                            = [aws_macie2_account.admin]
}

resource "aws_macie2_invitation_accepter" "member" {
  provider                 = aws.member
  count                    = var.accept ? 1 : 0
  administrator_account_id = aws_macie2_account.admin.id
  depends_on               = [aws_macie2_account.member, aws_macie2_member.member]
}

output "relationship" {
  value = aws_macie2_member.member.relationship_status
}
