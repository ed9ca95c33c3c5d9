# lwIP from its sources, three times: with its own numbers (lwip-default), with isnkit's (lwip-isnkit),
# and with isnkit's and timestamps (lwip-campaign).
set(LWIP_SOURCES "")
foreach(part init def inet_chksum ip mem memp netif pbuf sys tcp tcp_in tcp_out timeouts)
  list(APPEND LWIP_SOURCES "${ISNKIT_LWIP}/src/core/${part}.c")
endforeach()
foreach(part etharp icmp ip4 ip4_addr ip4_frag)
  list(APPEND LWIP_SOURCES "${ISNKIT_LWIP}/src/core/ipv4/${part}.c")
endforeach()
list(APPEND LWIP_SOURCES "${ISNKIT_LWIP}/src/netif/ethernet.c" "${ISNKIT_LWIP}/src/apps/smtp/smtp.c")

# The SMTP client opens its connections through the application.
set_source_files_properties("${ISNKIT_LWIP}/src/apps/smtp/smtp.c" PROPERTIES
  COMPILE_DEFINITIONS "tcp_connect=mail_connect")

foreach(numbers default isnkit campaign)
  add_library(lwip-${numbers} STATIC ${LWIP_SOURCES})
  target_include_directories(lwip-${numbers} PUBLIC "${LWIP_GLUE}" "${ISNKIT_LWIP}/src/include"
    "${APPS}" "${KIT}")
  target_compile_options(lwip-${numbers} PRIVATE -Os -w)
endforeach()
target_compile_definitions(lwip-isnkit PUBLIC ISNKIT)
target_compile_definitions(lwip-campaign PUBLIC ISNKIT LWIP_TCP_TIMESTAMPS=1)
