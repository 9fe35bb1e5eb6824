#!/usr/bin/perl
# A small SMSC over Net::SMPP, an implementation that has nothing to do with ours. It is told what to do on standard
# input and tells what happens on standard output, one JSON object per line. Ends when standard input does.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

$SIG{PIPE} = 'IGNORE';
$SIG{__WARN__} = sub { };    # Net::SMPP tells of every connection that ends
$| = 1;

my $json = JSON::PP->new->canonical->latin1;
my %set = (
    bind_status      => 0,
    mute             => 0,         # reads, answers nothing
    drop             => 0,         # takes so many submits without ever answering
    refuse_status    => 0,         # answers refuse_times submits with it, -1: all
    refuse_times     => 0,
    refuse_to        => {},        # status by recipient
    refuse_part      => {},        # status by number of the part, once
    delay_ms         => 0,         # before answers to submits
    id_format        => '%x',      # of the answer
    cut_after        => 0,         # resets the connection after so many submits
    cut_answers      => 1,         # … with the answer to the last one sent before
    receipts         => 'none',    # text, tlv, payload, ucs2 (says so and is not)
    receipt_format   => '%x',
    receipt_early    => 0,         # before the answer to its submit
    receipt_delay_ms => 0,
    receipt_esm      => 0x04,
    receipt_stat     => 'DELIVRD',
);
my %STATES = (DELIVRD => 2, EXPIRED => 3, UNDELIV => 5, REJECTD => 8);
my ($number, $connections, %bound, @later) = (0x4f2a, 0);

my $listener = Net::SMPP->new_listen('127.0.0.1', port => $ARGV[0] || 0, async => 1) or die "cannot listen: $!";
my $select = IO::Select->new($listener, \*STDIN);
my $commands = '';
say_that(event => 'listening', port => $listener->sockport);

while (1) {
    my $now = time;
    my @due = grep { $_->[0] <= $now } @later;
    @later = grep { $_->[0] > $now } @later;
    $_->[1]->() for @due;
    my ($next) = sort { $a <=> $b } map { $_->[0] } @later;
    for my $ready ($select->can_read(defined $next ? ($next > $now ? $next - $now : 0) : 3600)) {
        if ($ready == \*STDIN) { exit 0 unless read_commands() }
        elsif ($ready == $listener) { $select->add($listener->accept) }
        else { serve($ready) }
    }
}

sub say_that { my %what = @_; print $json->encode(\%what), "\n" }

sub after_ms {
    my ($ms, $do) = @_;
    return $do->() unless $ms;
    push @later, [time + $ms / 1000, $do];
}

sub read_commands {
    sysread(STDIN, $commands, 65536, length $commands) or return 0;
    while ($commands =~ s/^(.*)\n//) {
        my $command = $json->decode($1);
        %set = (%set, %{ $command->{set} }) if $command->{set};
        deliver($command->{deliver}) if $command->{deliver};
        if ($command->{raw}) { $_->syswrite(pack 'H*', $command->{raw}) for map { $_->{socket} } values %bound }
        if ($command->{cut}) { cut($_->{socket}) for values %bound }
        if ($command->{unbind}) { $_->{socket}->unbind for values %bound }
        if ($command->{enquire}) { $_->{socket}->enquire_link for values %bound }
        say_that(event => 'done', token => $command->{token});
    }
    return 1;
}

sub forget {
    my ($socket) = @_;
    $select->remove($socket);
    say_that(event => 'gone', connection => delete($bound{$socket})->{connection}) if $bound{$socket};
    $socket->close;
}

sub cut {    # with a reset, as a firewall would
    my ($socket) = @_;
    setsockopt($socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
    forget($socket);
}

sub serve {
    my ($socket) = @_;
    return unless $select->exists($socket);
    my $pdu = $socket->read_pdu or return forget($socket);
    my $command = $pdu->{cmd};
    say_that(event => 'heard', command => $command);
    return if $set{mute};
    if ($command == Net::SMPP::CMD_enquire_link) {
        say_that(event => 'enquire_link');
        $socket->enquire_link_resp(seq => $pdu->{seq});
    }
    elsif ($command == 1 || $command == 2 || $command == 9) { bind_it($socket, $pdu) }
    elsif ($command == Net::SMPP::CMD_submit_sm) { submit($socket, $pdu) }
    elsif ($command == Net::SMPP::CMD_unbind) {
        say_that(event => 'unbind', connection => $bound{$socket}{connection});
        $socket->unbind_resp(seq => $pdu->{seq});
    }
    elsif ($command == Net::SMPP::CMD_deliver_sm_resp || $command == Net::SMPP::CMD_data_sm_resp) {
        say_that(event => 'delivered', seq => $pdu->{seq}, status => $pdu->{status}, command => $command);
    }
    elsif ($command & 0x80000000) { say_that(event => 'answer', command => $command, status => $pdu->{status}) }
}

sub bind_it {
    my ($socket, $pdu) = @_;
    my %types = (1 => 'receiver', 2 => 'transmitter', 9 => 'transceiver');
    my $type = $types{ $pdu->{cmd} };
    my $method = "bind_${type}_resp";
    $connections++;
    $bound{$socket} = { socket => $socket, type => $type, connection => $connections } unless $set{bind_status};
    say_that(
        event => 'bind', type => $type, connection => $connections, status => $set{bind_status}, time => time,
        map { $_ => $pdu->{$_} } qw(system_id password system_type interface_version address_range)
    );
    $socket->$method(seq => $pdu->{seq}, status => $set{bind_status}, system_id => 'SMSC');
}

sub submit {
    my ($socket, $pdu) = @_;
    my $drops = $set{drop} && $set{drop}--;
    my $status = $drops ? 0 : status_of($pdu);
    my $id = $number++;
    my %fields = map { $_ => $pdu->{$_} } qw(service_type source_addr_ton source_addr_npi source_addr dest_addr_ton
        dest_addr_npi destination_addr esm_class validity_period registered_delivery data_coding);
    my %octets = map { $_ => unpack 'H*', $pdu->{$_} }
        grep { defined $pdu->{$_} } qw(short_message message_payload sar_msg_ref_num sar_total_segments sar_segment_seqnum);
    my $is_last = $set{cut_after} && --$set{cut_after} == 0;
    my $answers = !$drops && !($is_last && !$set{cut_answers});
    say_that(
        event => 'submit', connection => $bound{$socket}{connection}, seq => $pdu->{seq}, id => $id, status => $status,
        answers => $answers ? JSON::PP::true : JSON::PP::false, time => time, %fields, octets => \%octets
    );
    my $receipt = !$status && $set{receipts} ne 'none' && ($pdu->{registered_delivery} & 1);
    receipt($id, $pdu) if $receipt && $set{receipt_early};
    after_ms($set{delay_ms}, sub {
        return unless $bound{$socket};
        my $message_id = $status ? '' : sprintf $set{id_format}, $id;
        say_that(event => 'answered', id => $id);
        $socket->submit_sm_resp(seq => $pdu->{seq}, status => $status, message_id => $message_id);
    }) if $answers;
    after_ms($set{receipt_delay_ms}, sub { receipt($id, $pdu) }) if $receipt && !$set{receipt_early};
    cut($socket) if $is_last;
}

sub status_of {
    my ($pdu) = @_;
    my $by_number = $set{refuse_to}{ $pdu->{destination_addr} };
    return $by_number if $by_number;
    if (%{ $set{refuse_part} } && ($pdu->{esm_class} & 0x40)) {
        my $part = ord substr $pdu->{short_message}, ord(substr $pdu->{short_message}, 0, 1);
        my $by_part = delete $set{refuse_part}{$part};
        return $by_part if $by_part;
    }
    return 0 unless $set{refuse_times};
    $set{refuse_times}-- if $set{refuse_times} > 0;
    return $set{refuse_status};
}

sub receipt {
    my ($id, $pdu) = @_;
    my $name = sprintf $set{receipt_format}, $id;
    my $text = "id:$name sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:$set{receipt_stat} "
        . 'err:000 text:Your code';
    my %receipt = (
        source_addr => $pdu->{destination_addr}, source_addr_ton => 1, source_addr_npi => 1,
        destination_addr => $pdu->{source_addr}, esm_class => $set{receipt_esm},
    );
    my %forms = (
        text => { short_message => $text },
        ucs2 => { short_message => $text, data_coding => 8 },
        payload => { message_payload => $text },
        tlv => { receipted_message_id => "$name\0", message_state => chr $STATES{ $set{receipt_stat} } },
    );
    deliver({ %receipt, %{ $forms{ $set{receipts} } } });
}

# Members whose names end in _hex are octets. Over the bind of the number given, else over any that receives.
sub deliver {
    my %fields = %{ shift() };
    for my $name (grep { /_hex$/ } keys %fields) {
        my $octets = pack 'H*', delete $fields{$name};
        $fields{ $name =~ s/_hex$//r } = $octets;
    }
    my $method = delete $fields{data_sm} ? 'data_sm' : 'deliver_sm';
    my $wanted = delete $fields{connection};
    my ($to) = grep { $_->{type} ne 'transmitter' && (!$wanted || $_->{connection} == $wanted) }
        sort { $a->{connection} <=> $b->{connection} } values %bound;
    return say_that(event => 'undeliverable') unless $to;
    my $seq = $to->{socket}->$method(%fields);
    say_that(event => 'deliver', seq => $seq, connection => $to->{connection});
}
